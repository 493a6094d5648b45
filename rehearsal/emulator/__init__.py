"""AWS emulated on this machine, for rehearsals: moto's server, and what it lacks (docs/maintainers/emulator.md)."""
