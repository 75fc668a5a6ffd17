"""``python -m tests.faults.campaign SEED``."""

import sys

from tests.faults.campaign.campaign import main

sys.exit(main())
