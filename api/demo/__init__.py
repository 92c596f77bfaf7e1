"""`gridcase demo`: a working office for a real district, with three months of history.

Read in this order: `places` (areas), `district` (offices, posts, accounts), `matters` and
`names` (what cases are about, who is in them), `plans` with `disputes`, `petitions` and `mix`
(who does what and when), `seed` (the history, made by the commands), `dataset` (made, reused,
made anew).
"""
