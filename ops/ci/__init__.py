"""What workflows call: what a change affects, the comment on a pull request, issues, commits through the API."""
