"""What a model is measured to do: decoding, ledgers, figures with intervals, pictures."""
