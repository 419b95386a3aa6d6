#!/bin/sh
# The harness calls this before it builds a submission. Nothing is needed of OpenFHE.
