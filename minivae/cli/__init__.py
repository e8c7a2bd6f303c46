"""The command ``minivae``: thin, every subcommand calls one function of the floors below."""
