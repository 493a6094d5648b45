"""What each role of an environment may do, and what a rehearsal's recorded requests used of it."""
