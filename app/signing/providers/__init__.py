"""Who or what makes a signature: the signer's own device, a key file, a token, a gateway, or a hand on paper; one Protocol over all."""
