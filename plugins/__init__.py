"""The bundled plugins, one file each, on the public hooks only; installed as the package `ndrfilter_plugins`."""
