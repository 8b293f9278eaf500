"""The application: the life of a job, its stages, leases, attempts and events. Ray-free; the world is a Protocol away."""
