"""What is measured: data, networks, training, recording and analyses, and the plan that orders them."""
