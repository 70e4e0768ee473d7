"""Train binarized networks that prune well, and export them bit by bit (extra ``train``)."""
