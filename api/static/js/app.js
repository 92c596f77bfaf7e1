// Without this file everything works: forms post, links lead, errors stand first in the page.
// With it: an error summary takes the focus, a form is not sent twice, a toast goes away by
// itself, a few keys move through a list, a page can be printed by a button, and the browser asks
// for what an answer makes required, which the page says anyway.

/** A key that is typed into a field is not a command. @param {EventTarget | null} target */
const isTyping = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Give the focus to what a person must read first. @param {ParentNode} root */
const focusFirst = (root) => {
  const first = root.querySelector("[data-focus]");
  if (first instanceof HTMLElement) first.focus();
};

/** Take toasts away after eight seconds, unless read with focus or pointer. @param {ParentNode} root */
const fadeToasts = (root) => {
  for (const toast of root.querySelectorAll("[data-toast]")) {
    setTimeout(() => {
      if (!toast.matches(":hover, :focus-within")) toast.remove();
    }, 8000);
  }
};

/** A second press sends nothing; the server would answer it as the first, but slowly. */
const sendOnce = () => {
  const sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.hasAttribute("hx-post")) return;
    if (sent.has(form)) event.preventDefault();
    sent.add(form);
    setTimeout(() => sent.delete(form), 10000);
  });
  // back in history shows the page as it was left: it may be sent again
  addEventListener("pageshow", (event) => event.persisted && location.reload());
};

/** Move the focus along the titles of a list. @param {number} step */
const move = (step) => {
  const links = [...document.querySelectorAll(".worklist .title-link")];
  const at = links.indexOf(/** @type {Element} */ (document.activeElement));
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (next instanceof HTMLElement) next.focus();
};

/** Buttons that print: shown only where they work. @param {ParentNode} root */
const offerPrint = (root) => {
  for (const button of root.querySelectorAll("button[data-print]")) {
    button.removeAttribute("hidden");
    button.addEventListener("click", () => print());
  }
};

/** The browser asks for a field once the answer is given that makes it required. @param {ParentNode} root */
const requireWhereNeeded = (root) => {
  for (const told of root.querySelectorAll("[data-needed-if]")) {
    const form = told.closest("form");
    const own = told.closest(".field")?.querySelectorAll("input, select, textarea");
    if (!form || !own || !(told instanceof HTMLElement)) continue;
    const { neededIf = "", answers = "" } = told.dataset;
    const follow = () => {
      const given = String(new FormData(form).get(neededIf) ?? "");
      const isNeeded = given !== "" && answers.split(" ").includes(given);
      for (const input of own) input.toggleAttribute("required", isNeeded);
    };
    form.addEventListener("change", follow);
    follow();
  }
};

/** @param {KeyboardEvent} event */
const onKey = (event) => {
  if (document.documentElement.dataset.keys === "off") return;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "/") {
    const find = document.getElementById("q");
    if (find?.offsetParent) {
      event.preventDefault();
      find.focus();
    }
  } else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
};

focusFirst(document);
fadeToasts(document);
offerPrint(document);
requireWhereNeeded(document);
sendOnce();
document.addEventListener("keydown", onKey);
document.addEventListener("htmx:after:swap", () => {
  focusFirst(document);
  fadeToasts(document);
});
