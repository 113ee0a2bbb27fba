"""Files as others pack them: archives of images, arrays of NumPy and of MATLAB."""
