"""How deep FIFOs between the stages of a pipeline have to be: depths against rate, least first."""
