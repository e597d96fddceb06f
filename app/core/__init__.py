"""The ground floor: settings, clock, ids, errors, database, jobs and blobs; it knows no noun of the domain."""
