"""The workflows, run by act on this machine, with stand-ins for GitHub and AWS."""
