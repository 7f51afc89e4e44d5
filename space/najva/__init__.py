"""Najva's inference code: Persian and multilingual speech recognition.

The package knows nothing of Gradio and nothing of training. The Space's tabs, the training jobs and the
command line all call it; it calls none of them.
"""
