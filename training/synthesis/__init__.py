"""Stand-in speech: sentences of a sheet spoken by espeak-ng, labelled synthetic."""
