"""One file a step; `down_revision` says which comes before."""
