"""``python -m minivae`` is the command ``minivae``."""

import sys

from minivae.cli.main import main

sys.exit(main())
