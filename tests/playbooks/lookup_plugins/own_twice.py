from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **options):
        return [term * 2 for term in terms] + [variables["inventory_hostname"], sorted(options)]
