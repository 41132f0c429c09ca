"""ndrfilter tells genuine bounces from backscatter, from fake bounces and from ordinary mail."""
