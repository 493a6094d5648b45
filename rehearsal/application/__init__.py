"""What stands behind the load balancer in a rehearsal: a small real application on a real PostgreSQL and Redis.

`run.Application` starts all of it; docs/rehearsal-application.md says what it is.
"""
