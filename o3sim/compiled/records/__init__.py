"""What each unit remembers of a layer, and what it begins with; its kernels lie beside this folder."""
