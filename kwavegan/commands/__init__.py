"""The click commands, one module each: parse, call, print."""
