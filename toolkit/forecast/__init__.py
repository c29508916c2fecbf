"""Forecasts: panels from data, proxies, breaks and the hierarchy of areas; joint draws as an artefact."""
