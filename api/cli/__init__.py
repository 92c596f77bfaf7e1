"""The command line `gridcase`.

Exit codes: 0 done; 1 something wrong was found; 2 the input is wrong; 3 the database cannot
be reached or written. Answers go to standard output, errors and progress to standard error.
"""

from api.cli.root import app

__all__ = ["app"]
