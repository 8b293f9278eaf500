"""The application: the life of a job, its stages, leases, attempts and events. The world is a Protocol away."""
