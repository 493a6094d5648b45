"""One module for each phase; a stack only composes constructs."""
