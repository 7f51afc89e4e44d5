"""A logistic regression on standardised features, and the same as one weight for each feature."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def classifier(regularisation: float) -> Pipeline:
    """Return an untrained one in which both sides count the same, however many examples each has.

    Args:
        regularisation: scikit-learn's C; the smaller, the smaller the weights.
    """
    regression = LogisticRegression(C=regularisation, max_iter=5000, class_weight="balanced")
    return make_pipeline(StandardScaler(), regression)


def weights_and_bias(fitted: Pipeline) -> tuple[np.ndarray, float]:
    """Return what gives a trained one's score: features @ weights + bias, above 0 for the second class."""
    scaler, regression = fitted[0], fitted[-1]
    weights = regression.coef_[0] / scaler.scale_
    return weights, float(regression.intercept_[0] - weights @ scaler.mean_)
