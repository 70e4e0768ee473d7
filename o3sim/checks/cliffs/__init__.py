"""Cliffs: tiny machines and layers whose traces show one settled reading of the contract each."""
