"""What commands need of this machine, its network and its credentials, and what is missing for which command."""
