"""The targets of the load balancer in a rehearsal: a small real application on a real PostgreSQL and Redis.

`run.Application` starts all of it; docs/maintainers/rehearsal-application.md says what it is.
"""
