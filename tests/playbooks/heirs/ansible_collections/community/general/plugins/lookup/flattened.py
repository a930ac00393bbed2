"""A stand-in of the tests: the terms of all lists, in order."""
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        found = []
        for term in terms:
            found.extend(self.run(term) if isinstance(term, list) else [term])
        return found
