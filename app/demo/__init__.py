"""The bundled demonstration: a city the size and shape of Kota Malang. Units are real public bodies, every person is synthetic."""
