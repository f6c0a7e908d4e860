"""``python -m dealwright`` is the command ``dealwright``."""

from dealwright.cli import main

main()
