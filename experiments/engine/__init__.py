"""The engine: keys over meaning, a store that survives anything, and a runner that does only what is missing."""
