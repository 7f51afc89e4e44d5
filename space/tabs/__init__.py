"""What a visitor sees and a program calls: one module a tab, widgets and events only."""
