"""Loss terms that make more edges droppable, one file each.

The terms of O3BNN-R (TPDS'21) are not public in what is within reach; these are our own. Both are
means over the edges at stake: a layer counts by its share of the network's binary edges.
"""
