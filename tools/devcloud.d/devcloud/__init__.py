"""The program behind tools/devcloud."""
