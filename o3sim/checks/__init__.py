"""What is held against something else: goldens, differences, published claims."""
