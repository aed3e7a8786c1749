"""HTTP: hooks, the API, health, metrics; problem+json on every error."""
