"""The bill of materials of the tool, and of what an environment deploys: CycloneDX, for scanners and reviews.

`contents` reads what there is, from the files that pin it, and `document` writes it with CycloneDX's own library.
"""
