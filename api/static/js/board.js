// Without this file the board is polled all the same, and a link draws it anew.
// With it: nothing is asked for while nobody looks, the page says when it gets no answer, and a
// session that has ended leads to the sign-in page instead of into the middle of the board.

/** How long an answer may take before the page says that there is no connection. */
const PATIENCE = "4s";

const said = document.getElementById("no-connection");

/** Whether an event is about a part that asks by itself. @param {Event} event */
const isPoll = (event) => event.target instanceof Element && event.target.matches("[data-poll]");

/** @param {boolean} isThere */
const tell = (isThere) => {
  if (said) said.hidden = isThere;
};

document.addEventListener("htmx:config:request", (event) => {
  if (isPoll(event)) event.detail.ctx.request.timeout = PATIENCE;
});
document.addEventListener("htmx:before:request", (event) => {
  if (isPoll(event) && document.hidden) event.preventDefault();
});
document.addEventListener("htmx:before:response", (event) => {
  if (!isPoll(event)) return;
  const answer = event.detail.ctx.response;
  if (answer.raw.redirected) {
    event.preventDefault();
    location.reload();
  } else if (answer.status >= 400) {
    event.preventDefault();
    tell(false);
  } else {
    tell(true);
  }
});
document.addEventListener("htmx:error", (event) => isPoll(event) && tell(false));
