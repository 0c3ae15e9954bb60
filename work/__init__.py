"""Who does work and where it is kept: processes, Dask, chunks, workers' contract, the store."""
