"""From a run to the Hub: cards, staging, one commit."""
