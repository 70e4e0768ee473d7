"""Import QONNX models, as Brevitas and FINN export them."""
