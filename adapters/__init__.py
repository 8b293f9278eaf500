"""One file per thing outside the process. Each fulfils a Protocol of `jobs` and translates foreign errors at its door."""
