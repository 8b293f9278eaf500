"""One file per thing outside the process: each fulfils a Protocol of `jobs` and translates foreign errors."""
