"""Text of any language becomes Chinese text: engines behind one Protocol, and what is checked around each of them."""
