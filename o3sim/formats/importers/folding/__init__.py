"""From the operations of a trained network, one after another, to the layers of a workload.

Importers feed what they read into :mod:`inputs`, :mod:`products`, :mod:`affine`, :mod:`pooling` and
:mod:`thresholds`, each of which takes a map (:mod:`maps`) and returns the next, and close with
:mod:`finish`. Numbers are exact fractions throughout; nothing is rounded before a threshold is an integer.
"""
