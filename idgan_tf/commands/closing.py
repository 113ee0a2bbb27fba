"""placeholder"""
def show(run, settings, method):
    pass
