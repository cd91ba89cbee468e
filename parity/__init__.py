"""The harness: run the same workflow through several engines and compare all that can be seen."""
