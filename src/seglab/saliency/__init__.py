"""VGG16 saliency maps under three backward rules, and their content-addressed cache."""
