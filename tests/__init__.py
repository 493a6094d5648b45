"""The tests. What the plan says about AEP is tested on tests/products/aep, whatever environments/ has."""

import os
from pathlib import Path

# Before anything imports environments; programs that tests start inherit it.
os.environ["ENVIRONMENTS"] = str(Path(__file__).parent / "products" / "aep")
