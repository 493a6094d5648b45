"""What an environment is: its effective values with their sources, names, addresses and links to the AWS console."""
